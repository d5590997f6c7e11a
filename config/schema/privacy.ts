import { type ConfigSchema, section } from './kinds.ts';

export const PRIVACY: ConfigSchema = section('Deletion of users (docs/privacy.md).', {
  deletions: {
    type: 'boolean',
    default: false,
    description:
      'Users are deleted on request (`/admin/deletions`): requests are kept in the database of `campaigns.databaseUrl`, also where neither campaigns are enabled nor events are billed. With either they always are.',
  },
});
