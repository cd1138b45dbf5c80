// Starts a directory (PLC) and a personal data server, prints where they are, and ends when its input ends.
import { TestNetworkNoAppView } from "@atproto/dev-env";

const [plcPort, pdsPort] = process.argv.slice(2).map(Number);
const network = await TestNetworkNoAppView.create({
  plc: { port: plcPort },
  pds: { port: pdsPort, inviteRequired: false },
});

process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${network.pds.port}` }) + "\n");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
