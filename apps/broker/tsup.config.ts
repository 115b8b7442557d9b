import { appConfig } from '../../tools/tsup.mjs';

export default appConfig({ entry: { mqbroker: 'src/main.ts' } });
