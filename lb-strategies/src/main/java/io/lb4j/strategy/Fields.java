package io.lb4j.strategy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Access to the fields of a class by which threads meet without a lock. */
final class Fields {
    private Fields() {}

    /** A field of the class whose lookup this is. */
    static VarHandle of(MethodHandles.Lookup owner, String name, Class<?> type) {
        try {
            return owner.findVarHandle(owner.lookupClass(), name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
