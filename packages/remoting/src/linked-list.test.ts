import fc from 'fast-check';
import { LinkedList, type LinkedNode } from './linked-list.js';

describe('a linked list', () => {
  test('holds the same as a Set, in the same order, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(30) }),
      fc.record({ kind: fc.constant('shift' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new LinkedList<number>();
        const nodes: LinkedNode<number>[] = [];
        const expected = new Set<number>();
        for (const one of steps) {
          if (one.kind === 'add') {
            expected.add(nodes.length);
            nodes.push(list.add(nodes.length));
          } else if (one.kind === 'shift') {
            const [first] = expected;
            expect(list.shift()).toBe(first);
            if (first !== undefined) expected.delete(first);
          } else if (nodes.length > 0) {
            const which = one.which % nodes.length;
            list.remove(nodes[which]!);
            expected.delete(which);
          }
          expect([...list]).toEqual([...expected]);
          expect(list.size).toBe(expected.size);
        }
      }),
    );
  });

  test('lets who walks it take out what it is given', () => {
    const list = new LinkedList<number>();
    const nodes = [0, 1, 2, 3].map((value) => list.add(value));
    for (const value of list) if (value % 2 === 0) list.remove(nodes[value]!);
    expect([...list]).toEqual([1, 3]);
  });

  test('leaves nothing in a node that was taken out, and takes no node of another list', () => {
    const list = new LinkedList<number>();
    const other = new LinkedList<number>();
    const [a, b, c] = [list.add(1), list.add(2), list.add(3)];
    other.remove(b);
    list.remove(b);
    list.remove(b);
    expect([b.previous, b.next, b.list]).toEqual([undefined, undefined, undefined]);
    expect([a.next, c.previous, list.size]).toEqual([c, a, 2]);
  });
});
