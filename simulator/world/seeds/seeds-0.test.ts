/** One of two files, so that both processors have one. */
import { expectSeedsHold } from './testing/expect-seeds-hold.ts';

expectSeedsHold(0, 100);
