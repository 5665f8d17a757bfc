package io.lb4j.strategy;

/** Keeps the package from being empty. */
public final class Placeholder {
    private Placeholder() {}
}
