#!/usr/bin/env node
import { runNamesrv } from './cli/run-namesrv.js';

process.exitCode = await runNamesrv(process.argv.slice(2));
