import org.jspecify.annotations.NullMarked;

/** The contracts and the transport-neutral balancer. */
@NullMarked
@SuppressWarnings("requires-automatic") // resilience4j has a stable automatic name, but no descriptor
module io.lb4j.api {
    requires io.github.resilience4j.core;
    requires static transitive org.jspecify;

    exports io.lb4j;
    exports io.lb4j.affinity;
    exports io.lb4j.balancer;
    exports io.lb4j.health;
    exports io.lb4j.retry;
    exports io.lb4j.scaling;
    exports io.lb4j.socket;
}
