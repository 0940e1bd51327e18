import { accountPages } from './account.ts';
import { callbackPages } from './callback.ts';
import { connectPages } from './connect.ts';
import type { PageRoute } from './page-route.ts';
import { signInPages } from './sign-in.ts';

export const pages: readonly PageRoute[] = [...signInPages, ...callbackPages, ...accountPages, ...connectPages];
