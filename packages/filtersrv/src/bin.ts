#!/usr/bin/env node
import { runFiltersrv } from './cli/run-filtersrv.js';

process.exitCode = await runFiltersrv(process.argv.slice(2));
