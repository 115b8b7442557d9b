import { appConfig } from '../../tools/tsup.mjs';

export default appConfig({ entry: { mqnamesrv: 'src/main.ts' } });
