/** The numbers of the socket protocol (gateway protocol 3 and 4; bytes and milliseconds). */
export const socketLimits = {
  /** The largest frame before authentication. */
  preauthPayloadMax: 65_536,
  /** The largest frame after it. Protocol 3 announces less (`policy`) but has always sent more than it announced, with images. */
  payloadMax: 26_214_400,
  payloadAnnounced: { 3: 524_288, 4: 26_214_400 },
  /** Outbound bytes a connection may leave unread before droppable events are skipped and others close it. */
  bufferedMax: { 3: 1_572_864, 4: 52_428_800 },
  /** Pieces of one message. Clients send whole messages; a million one-byte pieces would cost far more memory than their bytes. */
  fragmentsMax: 4096,
  /** Pieces of one frame as they came off the wire, at most one per packet. */
  chunksMax: 65_536,
  /** Frames a second, pings apart and all others apart, over ten seconds; who sends more is not one of our clients. */
  pingsPerSecond: 20,
  framesPerSecond: 2_000,
  /** Messages that are none, after which a client is not listened to any longer. */
  malformedMax: 20,
  tickEveryMs: 30_000,
  pingEveryMs: 25_000,
  handshakeMs: 10_000,
  /** Frames that may wait behind a handshake that is being decided. */
  framesDuringHandshakeMax: 8,
  requestsInFlightMax: 256,
  /** How long a peer gets to answer our close before the socket is cut. */
  closeGraceMs: 3_000,
  attachments: { maxBytes: 19_464_192, maxImageBytes: 5_242_880 },
} as const
