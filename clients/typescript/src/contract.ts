/** The shapes of the wire, by the names that the contract gives them. They are generated from the server's document. */
import type { components, operations } from './openapi.js';

type Schemas = components['schemas'];
type List<Name extends keyof Schemas> = Schemas[Name] extends { data: (infer Item)[] } ? Item : never;

/** One message of a room. `seq` is its place there: 1, 2, 3 … without gaps. */
export type Message = List<'Envelope_Vec_MessageDocument'>;
/** A room as one of its members sees it. */
export type RoomView = List<'Envelope_Vec_ChatRoomView'>;
/** The newest message that a member has read. */
export type ReadMarker = List<'Envelope_Vec_ReadMarker'>;
/** Whether a member has a session anywhere. */
export type OnlineStatus = List<'Envelope_Vec_OnlineStatus'>;
/** One's own account. */
export type Customer = Schemas['Customer'];
/** Another's account: without the mail address, and with three digits of the phone number. */
export type OtherCustomer = Schemas['OtherCustomer'];
/** What an account is created from. */
export type NewAccount = Schemas['CreateAccount'];
/** What can be changed of one's own account. */
export type Profile = Schemas['ChangeOwn'];
/** Where a message that was sent stands. */
export type SentMessage = Schemas['Envelope_Sent']['data'];

/** Where events are on their way into the views. */
export type Flow = Schemas['Envelope_Flow']['data'];

/** A page of history: at most `limit` messages (1–100, 20 without it), newest first. */
export type Page = NonNullable<operations['readHistory']['parameters']['query']>;

/** `/topic/typing/roomId/…`. */
export interface Typing {
  roomId: number;
  customerId: number;
  typing: boolean;
}

/** `/user/topic/readStatus`. */
export interface ReadStatus {
  roomId: number;
  customerId: number;
  isUnread: boolean;
}

/** `/topic/readMarkers/roomId/…`. */
export interface MovedMarker {
  roomId: number;
  customerId: number;
  lastReadMessageId: number;
}
