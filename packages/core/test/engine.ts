/** Fails every test that runs in another runtime than FREEHOLD_RUNTIME names: a launcher may well start Node itself. */
const { bun, deno, node } = process.versions as Partial<Record<string, string>>;
const here =
  bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno.split('+')[0]}` : `node ${node}`;
const meant = process.env['FREEHOLD_RUNTIME'];
if (here !== meant) throw new Error(`these tests are meant for ${meant}, but this is ${here}`);
