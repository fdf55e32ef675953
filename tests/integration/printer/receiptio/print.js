"use strict";
// node print.js PORT OPTIONS <SOURCE: receiptio as it is, but at another port than the one it always takes.

const net = require("net");
const {connect} = net;
const [port, options] = process.argv.slice(2);
net.connect = (_, host) => connect(Number(port), host);

const {print} = require("receiptio");
const source = require("fs").readFileSync(0, "utf8");
print(source, `-d 127.0.0.1 ${options}`).then((result) => process.stdout.write(result, () => process.exit()));
