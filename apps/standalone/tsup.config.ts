import { appConfig } from '../../tools/tsup.mjs';

export default appConfig({ entry: { standalone: 'src/main.ts' } });
