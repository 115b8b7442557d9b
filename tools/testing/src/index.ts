// Helpers of this repository's tests: golden data, recorded conversations, a certificate.
export { describeGolden, goldenPath } from './golden.js';
export {
  recordedExchanges,
  recordedFrames,
  recordedSessions,
  type RecordedExchange,
  type RecordedFrame,
} from './recorded-session.js';
export { testCertificate } from './test-certificate.js';
