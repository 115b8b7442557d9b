import { packageConfig } from '../../tools/tsup.mjs';

export default packageConfig({ entry: { index: 'src/index.ts' }, bin: 'src/bin.ts', shims: true });
