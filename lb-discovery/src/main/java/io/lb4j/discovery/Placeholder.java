package io.lb4j.discovery;

/** Keeps the package from being empty. */
public final class Placeholder {
    private Placeholder() {}
}
