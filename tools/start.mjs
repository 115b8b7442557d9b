// `npm start`: set up, build if needed, then run NameServer and Broker in this terminal until Ctrl-C.
import { spawn } from 'node:child_process';
import { buildApp, setUp } from './workspace.mjs';

setUp();
const standalone = buildApp('standalone', 'standalone.js');
const child = spawn(process.execPath, [standalone, ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself (same terminal); a signal to this process alone is passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
