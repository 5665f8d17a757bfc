package io.lb4j.retry;

/** How far a failed attempt got: what decides whether sending the call again can do it twice. */
public enum Delivery {
    /** No byte of the request left: connect failed, or the connection was found closed before it. */
    NEVER_SENT,
    /** The server got it and said that it did not process it (HTTP/2 REFUSED_STREAM, GOAWAY below our stream). */
    REFUSED,
    /** The server may have processed it, whatever we saw of the answer. */
    MAYBE_PROCESSED
}
