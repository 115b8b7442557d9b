#!/usr/bin/env node
import { runBroker } from './cli/run-broker.js';

process.exitCode = await runBroker(process.argv.slice(2));
