"""What tests stand on: real servers, a clock to turn, and a wall around the machine."""
