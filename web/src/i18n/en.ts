import { account } from './en/account';
import { chat } from './en/chat';
import { common } from './en/common';
import { flow } from './en/flow';

/** Every text of the page in English, which says what keys there are. */
export const en = { ...common, ...account, ...chat, ...flow } as const;
