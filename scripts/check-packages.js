/** Checks every published package with the packaging linters: exports, types, files. */
import { spawnSync } from 'node:child_process';

for (const name of ['core', 'kernel', 'lab']) {
  const folder = `packages/${name}`;
  for (const command of [`publint --strict ${folder}`, `attw --pack ${folder} --profile esm-only`]) {
    const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
}
