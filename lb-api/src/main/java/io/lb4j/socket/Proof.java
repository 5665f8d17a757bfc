package io.lb4j.socket;

/** What shows that a connection's instance is well. */
public enum Proof {
    /**
     * That it was made. Right for every protocol, and costs nothing once it is: streams are those of the JDK's own socket. What happens to
     * a connection later says nothing of the instance. (HAProxy's {@code observe layer4}.)
     */
    CONNECT,

    /**
     * The first byte that comes. For protocols in which every connection is answered soon: a server that accepts and
     * hangs up, or accepts and says nothing, is found out. An end or a reset before that byte is a failure of the
     * instance, as is a read time-out after which the socket is closed; so is a reset later. Reads go through one
     * more method call each, which sees their results and copies nothing; writes don't. For sockets; channels are handed out
     * as they are.
     */
    ANSWER
}
