package io.lb4j.spi;

/** Keeps the package from being empty. */
public final class Placeholder {
    private Placeholder() {}
}
