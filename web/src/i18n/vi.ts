import type { en } from './en';
import type { Translation } from './types';
import { account } from './vi/account';
import { chat } from './vi/chat';
import { common } from './vi/common';
import { flow } from './vi/flow';

/** Every text of the page in Vietnamese. */
export const vi: Translation<typeof en> = { ...common, ...account, ...chat, ...flow };
