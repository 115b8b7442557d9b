// For every test: what a connection has read is overwritten as soon as nobody is said to need it, so that a test in which
// somebody still refers to it fails.
import { ReadSlab } from '../src/read-memory.js';

ReadSlab.isStrict = true;
