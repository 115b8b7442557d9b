export { nextDataVersion } from '@mq/remoting/protocol';
