// @mq/testing: a real NameServer and Broker inside a test's process.
export { startTestBroker, type TestBroker, type TestBrokerOptions, type TestTopic } from './test-broker.js';
export { TravelClock } from './travel-clock.js';
export type { AnswerFault, DiskFault, FailingOperation, RequestFault, TestFaults } from './faults.js';
