package io.lb4j.examples.conversation;

import java.util.List;

/** Where a server keeps what was said. Saying the same turn twice leaves it said once, so that a turn may be repeated. Thread-safe. */
interface Context {
    /**
     * Adds a turn to a conversation and returns all of it.
     *
     * @param turn counts from 0
     */
    List<String> say(String conversation, int turn, String message) throws Exception;

    /** The context that a server of this kind needs; {@code memory}, or where Redis or PostgreSQL is. */
    static Context at(String place) {
        return place.equals("memory")
                ? new MemoryContext()
                : place.startsWith("redis:") ? new RedisContext(place) : new DatabaseContext(place);
    }
}
