import { packageConfig } from '../../tools/tsup.mjs';

export default packageConfig({
  entry: { index: 'src/index.ts', testing: 'src/testing/index.ts' },
  bin: 'src/bin.ts',
});
