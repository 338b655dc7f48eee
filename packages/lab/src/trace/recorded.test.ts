import { expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { TraceBuilder } from './builder.js';
import { checkTrace } from './check.js';
import { recordedGrants } from './recorded.js';

it('what was granted is held against what was asked for, at the peak and on average', () => {
  const builder = new TraceBuilder();
  builder.detailed(0, 1, 60, 1, 'a', 100);
  builder.detailed(0, 2, 100, 1, '', 100);
  builder.free(0, 1);
  builder.detailed(0, 3, 20, 8, 'a', 0);
  const trace = builder.finish('test', 'kmem');
  checkTrace(trace);
  // Live 60, 160, 100, 120; granted 100, 200, 100, 120.
  expect(recordedGrants(trace)).toEqual({
    internalFragmentation: 40 / 200,
    internalMean: (520 - 440) / 520,
    grantedAtPeakBytes: 200,
  });
});

it('an address given out again keeps the details with its own operation', () => {
  const builder = new TraceBuilder();
  builder.detailed(0, 1, 8, 1, 'a', 16);
  builder.detailed(0, 1, 24, 1, 'b', 32);
  const { op, details } = builder.finish('test', 'kmem');
  expect([...op]).toEqual([0, 4, 0]);
  expect([...details!.granted]).toEqual([16, 0, 32]);
  expect([...details!.kind].map((kind) => details!.kinds[kind])).toEqual(['a', '', 'b']);
});

it('nothing is told where the recording tells nothing', () => {
  const trace = makeTrace('a+100 -a');
  expect(trace.details).toBeUndefined();
  expect(recordedGrants(trace)).toBeNull();
  const builder = new TraceBuilder();
  builder.detailed(0, 1, 8, 1, 'a', 0);
  expect(recordedGrants(builder.finish('test', 'kmem'))).toBeNull();
});

it('a trace whose details do not fit it is refused by the check', () => {
  const builder = new TraceBuilder();
  builder.detailed(0, 1, 8, 1, 'a', 8);
  const trace = builder.finish('test', 'kmem');
  const { kinds, kind, granted } = trace.details!;
  const wrong = { kinds, kind, granted: granted.subarray(1) };
  expect(() => checkTrace({ ...trace, details: wrong })).toThrow('every operation has its details');
  expect(() => checkTrace({ ...trace, details: { kinds: [''], kind, granted } })).toThrow(
    'every kind has a name; found kind 1 of 1',
  );
});
