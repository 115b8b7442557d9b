import { resolveBinding } from './network-binding.js';
import { brokerSettings } from './settings.js';

const bindingOf = (properties: Record<string, string>) =>
  resolveBinding(brokerSettings.parse(properties).values, () => '10.0.0.7');

describe('resolveBinding', () => {
  test.each([
    ['nothing set', {}, '127.0.0.1', '127.0.0.1', false],
    ['a loopback brokerIP1', { brokerIP1: '127.0.0.1' }, '127.0.0.1', '127.0.0.1', false],
    ['a reachable brokerIP1', { brokerIP1: '192.168.1.5' }, '0.0.0.0', '192.168.1.5', true],
    ['a host name as brokerIP1', { brokerIP1: 'broker-a.example' }, '0.0.0.0', 'broker-a.example', true],
    ['all addresses', { bindAddress: '0.0.0.0' }, '0.0.0.0', '10.0.0.7', true],
    ['one address', { bindAddress: '10.0.0.9' }, '10.0.0.9', '10.0.0.9', true],
    ['both', { bindAddress: '127.0.0.2', brokerIP1: '10.0.0.1' }, '127.0.0.2', '10.0.0.1', false],
  ])('with %s listens and announces what can be reached', (_what, properties, host, brokerIp, isOpen) => {
    const binding = bindingOf(properties as Record<string, string>);
    expect([binding.host, binding.brokerIp, binding.isOpenToOthers]).toEqual([host, brokerIp, isOpen]);
  });

  test('announces brokerIP2 to slaves, brokerIP1 without it', () => {
    expect(bindingOf({ brokerIP1: '10.0.0.1' }).haIp).toBe('10.0.0.1');
    expect(bindingOf({ brokerIP1: '10.0.0.1', brokerIP2: '10.0.1.1' }).haIp).toBe('10.0.1.1');
  });
});
