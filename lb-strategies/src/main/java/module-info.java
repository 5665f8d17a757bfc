import org.jspecify.annotations.NullMarked;

/** The strategies that come with the library. */
@NullMarked
module io.lb4j.strategies {
    requires transitive io.lb4j.api;
    requires com.google.common;
    requires static transitive org.jspecify;

    exports io.lb4j.strategy;
    exports io.lb4j.strategy.decorator;
}
