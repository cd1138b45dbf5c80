// Starts a directory (PLC) and a personal data server, prints where they are, and ends when its input ends.
import { TestNetworkNoAppView } from "@atproto/dev-env";

const [plcPort, pdsPort] = process.argv.slice(2).map(Number);
const network = await TestNetworkNoAppView.create({
  plc: { port: plcPort },
  pds: { port: pdsPort, inviteRequired: false },
});

const here = { url: `http://127.0.0.1:${network.pds.port}`, directory: network.plc.url };
process.stdout.write(JSON.stringify(here) + "\n");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
