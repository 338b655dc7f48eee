import { expect, it } from 'vitest';
import { makeTrace } from '../../test/traces.js';
import { gatherFacts } from './facts.js';

it('what the program asked for, whatever its allocator', () => {
  expect(gatherFacts(makeTrace('a+25 b+45 c+20 -a d+16 -c b~60 -b e+45', 'app.gz'))).toEqual({
    name: 'app.gz',
    format: 'test',
    notes: [],
    operations: 9,
    requests: 6,
    peakLiveBytes: 90,
    requestSizes: [0, 0, 0, 0, 0, 3, 3],
    requestRange: [16, 60],
    recorded: null,
  });
});

it('requests of no bytes are requests; a trace of none has no range', () => {
  const facts = gatherFacts(makeTrace('a+0 b+0'));
  expect(facts).toMatchObject({ requests: 2, requestSizes: [2], requestRange: [0, 0], peakLiveBytes: 0 });
  const none = { ...makeTrace('a+1'), length: 0 };
  expect(gatherFacts(none)).toMatchObject({ requests: 0, requestSizes: [], requestRange: null });
});
