// The two sides of a figure that has its own script: Apache's Broker and ours, each with a NameServer of its own.
import { installApache } from '../interop/lib/apache.mjs';
import { OURS, Servers } from '../interop/lib/servers.mjs';
import { buildApp } from '../workspace.mjs';
import { settingsOf } from './load.mjs';

export const JAVA = '5.3.3';

/** Builds ours and fetches Apache's. */
export function prepareSides() {
  buildApp('nameserver', 'mqnamesrv.js');
  buildApp('broker', 'mqbroker.js');
  installApache(JAVA);
}

/** Heap and collector as the JVM of Apache's broker chooses them for the machine. */
const JVM_DEFAULTS = [];

/** As Apache's own start script has them (distribution/bin/runbroker.sh of 5.3.3). */
export const AS_SHIPPED = [
  '-Xms8g',
  '-Xmx8g',
  '-Xmn4g',
  '-XX:+UseG1GC',
  '-XX:G1HeapRegionSize=16m',
  '-XX:G1ReservePercent=25',
  '-XX:InitiatingHeapOccupancyPercent=30',
  '-XX:+AlwaysPreTouch',
];

/** Servers that are measured. */
export const benchServers = (memoryFlags = JVM_DEFAULTS) => new Servers({ memoryFlags });

/** Starts one side; resolves with what the load generator is aimed at. */
export async function startSide(servers, kind, { settings = {} } = {}) {
  const nameServer = await servers.nameServer(OURS);
  const broker = await servers.broker(kind, { nameServer, settings: settingsOf({ settings }) });
  return { kind, nameServer, broker };
}

/** One row of a markdown table: Apache's figure, ours, and how many times less ours is. */
export function tableRow(title, theirs, ours, aim) {
  const ratio = theirs / ours;
  return `| ${[title, show(theirs), show(ours), `${ratio.toFixed(2)} × less`, aim].join(' | ')} |`;
}

export const tableHead = `| figure | Apache ${JAVA} | ours | ratio | aim |\n|---|---|---|---|---|`;

function show(number) {
  return number >= 100 ? Math.round(number).toLocaleString('en') : number.toPrecision(3);
}
