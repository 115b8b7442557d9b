#!/usr/bin/env node
import { runMqstore } from './repair/run-mqstore.js';

process.exitCode = await runMqstore(process.argv.slice(2));
