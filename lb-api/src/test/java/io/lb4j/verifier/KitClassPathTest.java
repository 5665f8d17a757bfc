package io.lb4j.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kit works where there is nothing but it, lb-api and what lb-api brings: no test framework, no other test class. */
final class KitClassPathTest {
    @TempDir
    Path jar;

    @Test
    void verifier_nothingElseOnTheClassPath_works() throws Exception {
        copyKit();
        try (URLClassLoader bare = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            for (Path each : kit()) {
                Class<?> type = bare.loadClass(
                        "io.lb4j.testing." + each.getFileName().toString().replace(".class", ""));
                // Resolves the types that signatures name.
                assertThat(type.getDeclaredMethods()).isNotNull();
                assertThat(type.getDeclaredConstructors()).isNotNull();
                assertThat(type.getDeclaredFields()).isNotNull();
            }
            Class<?> type = bare.loadClass("io.lb4j.testing.StrategyVerifier");
            Supplier<Object> first = () -> firstOf(bare);
            Object verifier = type.getMethod("of", Supplier.class).invoke(null, first);
            Class<?> checkType = bare.loadClass("io.lb4j.testing.StrategyCheck");
            Method verify = type.getMethod("verify", checkType);
            for (Object check : checkType.getEnumConstants()) {
                if (List.of("ONE_INSTANCE", "ONLY_CANDIDATES", "STATE_KEPT", "THREADS")
                        .contains(check.toString())) {
                    verify.invoke(verifier, check);
                }
            }
            assertThatThrownBy(() -> bare.loadClass("org.junit.jupiter.api.Test"))
                    .isInstanceOf(ClassNotFoundException.class);
        }
    }

    /** A strategy of that loader's classes: always the first candidate. */
    private static Object firstOf(ClassLoader loader) {
        return proxy(loader, "io.lb4j.Strategy", eligible -> {
            Object first = loader.loadClass("io.lb4j.Eligible")
                    .getMethod("get", int.class)
                    .invoke(eligible, 0);
            return proxy(loader, "io.lb4j.Picker", request -> first);
        });
    }

    private interface Body {
        Object apply(Object argument) throws Exception;
    }

    private static Object proxy(ClassLoader loader, String type, Body body) {
        try {
            return Proxy.newProxyInstance(
                    loader,
                    new Class<?>[] {loader.loadClass(type)},
                    (self, method, arguments) -> method.getName().equals("toString") ? type : body.apply(arguments[0]));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private void copyKit() throws Exception {
        Path tests = Path.of(KitClassPathTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path kit = Files.createDirectories(jar.resolve("io/lb4j/testing"));
        try (Stream<Path> files = Files.list(tests.resolve("io/lb4j/testing"))) {
            for (Path file : files.toList()) {
                Files.copy(file, kit.resolve(file.getFileName()));
            }
        }
    }

    private List<Path> kit() throws IOException {
        try (Stream<Path> files = Files.list(jar.resolve("io/lb4j/testing"))) {
            return files.filter(file -> !file.endsWith("package-info.class")).toList();
        }
    }

    private URL[] classPath() throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        urls.add(jar.toUri().toURL());
        for (String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator, -1)) {
            boolean main = Path.of(entry).endsWith(Path.of("lb-api", "target", "classes"));
            if (main || entry.contains("resilience4j-core") || entry.contains("slf4j-api")) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        assertThat(urls).hasSizeGreaterThan(1);
        return urls.toArray(new URL[0]);
    }
}
