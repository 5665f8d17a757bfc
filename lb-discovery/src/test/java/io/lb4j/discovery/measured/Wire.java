package io.lb4j.discovery.measured;

import java.nio.charset.StandardCharsets;

/** How what a client says over one connection is told apart into requests. */
enum Wire {
    HTTP {
        @Override
        Counter counter(Runnable onRequest) {
            return new Lines(onRequest);
        }
    },
    ZOOKEEPER {
        /** Pings are requests, too. */
        @Override
        Counter counter(Runnable onRequest) {
            return new Frames(4, onRequest);
        }
    },
    DNS {
        /** Of TCP; each datagram is one by itself. */
        @Override
        Counter counter(Runnable onRequest) {
            return new Frames(2, onRequest);
        }
    };

    /** Takes the bytes of one connection in their order. */
    interface Counter {
        void take(byte[] bytes, int length);
    }

    /** Calls back for each request, at its beginning or end. */
    abstract Counter counter(Runnable onRequest);

    /** Requests of HTTP/1.1, by the end of their first lines. */
    private static final class Lines implements Counter {
        /** Its first character occurs nowhere else in it, so a search need not go back. */
        private static final byte[] END = " HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII);

        private final Runnable onRequest;
        private int matched;

        Lines(Runnable onRequest) {
            this.onRequest = onRequest;
        }

        @Override
        public void take(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                matched = bytes[i] == END[matched] ? matched + 1 : bytes[i] == END[0] ? 1 : 0;
                if (matched == END.length) {
                    matched = 0;
                    onRequest.run();
                }
            }
        }
    }

    /** Messages that begin with their lengths. */
    private static final class Frames implements Counter {
        private final int prefix;
        private final Runnable onRequest;
        private int read;
        private long remaining;

        Frames(int prefix, Runnable onRequest) {
            this.prefix = prefix;
            this.onRequest = onRequest;
        }

        @Override
        public void take(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                if (read < prefix) {
                    remaining = remaining << 8 | (bytes[i] & 0xff);
                    read++;
                } else {
                    remaining--;
                }
                if (read == prefix && remaining == 0) {
                    read = 0;
                    onRequest.run();
                }
            }
        }
    }
}
