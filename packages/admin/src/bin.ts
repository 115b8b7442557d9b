#!/usr/bin/env node
import { runMqadmin } from './cli/run-mqadmin.js';

process.exitCode = await runMqadmin(process.argv.slice(2));
