import { packageConfig } from '../../tools/tsup.mjs';

export default packageConfig({
  entry: {
    index: 'src/index.ts',
    protocol: 'src/protocol/index.ts',
    message: 'src/message/index.ts',
    settings: 'src/settings/index.ts',
  },
});
