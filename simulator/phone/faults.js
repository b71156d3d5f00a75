// The bad days one can switch on; `body` is what POST /control/faults takes.

const EVERYTHING = "/cgi-bin/*";

export const FAULTS = [
  { name: "slow", label: "平台变慢", note: "每次接口调用晚 2 秒才回答", body: { latency_ms: 2000 } },
  { name: "busy", label: "系统繁忙", note: "三成的调用回答 -1", body: { errors: [{ path: EVERYTHING, errcode: -1, probability: 0.3 }] } },
  { name: "lost", label: "办成了却没回音", note: "三成的消息收下了，但回答没传回来", body: { accept_then_timeout: [{ path: "/cgi-bin/message/*", probability: 0.3, seconds: 5 }] } },
  { name: "twice", label: "消息重复", note: "一半的消息会送来不止一次", body: { duplicate_callbacks: 0.5 } },
  { name: "mixed", label: "消息乱序", note: "一半的消息先后颠倒", body: { reorder_callbacks: 0.5 } },
];

/** Done once, not switched: the token in hand dies. */
export const TOKEN_DEATH = { token_death: true };
