import org.jspecify.annotations.NullMarked;

/** A shared store of which instance serves which key, in Redis. */
@NullMarked
@SuppressWarnings("requires-automatic") // lettuce has a stable automatic name, but no descriptor
module io.lb4j.affinity.redis {
    requires transitive io.lb4j.api;
    requires lettuce.core;
    requires static transitive org.jspecify;

    exports io.lb4j.affinity.redis;
}
