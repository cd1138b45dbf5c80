"""What may be said in public: detectors that find places in a text, and the check that runs them. Pure."""
