package io.lb4j.examples.docs;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** Tests and benchmarks that a block declares: nobody calls them from {@code main}, so each is called once. */
final class Annotated {
    private Annotated() {}

    static void callAll(Class<?> snippet) throws Exception {
        for (Class<?> type : snippet.getDeclaredClasses()) {
            for (Method method : type.getDeclaredMethods()) {
                if (method.isAnnotationPresent(Test.class) || method.isAnnotationPresent(Benchmark.class)) {
                    Object object = create(type);
                    call(object, Setup.class);
                    method.setAccessible(true);
                    method.invoke(object);
                    call(object, TearDown.class);
                }
            }
        }
    }

    private static Object create(Class<?> type) throws Exception {
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object object = constructor.newInstance();
        for (Field field : type.getDeclaredFields()) {
            Param param = field.getAnnotation(Param.class);
            if (param != null) {
                field.setAccessible(true);
                field.setInt(object, Integer.parseInt(param.value()[0]));
            }
        }
        return object;
    }

    private static void call(Object object, Class<? extends Annotation> annotation) throws Exception {
        for (Method method : object.getClass().getDeclaredMethods()) {
            if (method.isAnnotationPresent(annotation)) {
                method.setAccessible(true);
                method.invoke(object);
            }
        }
    }
}
