export { SimulatedDisk } from './simulated-disk.js';
export type { CrashState, FaultOptions } from './simulated-disk.js';
export { diskComplianceCases, diskComplianceSuite } from './disk-compliance.js';
export type { DiskComplianceCase, DiskUnderTest, SuiteRunner } from './disk-compliance.js';
export { seededRandom } from './random.js';
