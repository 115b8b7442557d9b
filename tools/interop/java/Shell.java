import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Runs programs: classes with "static int run(String[])", their exit code. With arguments, the one that they name. Without,
 * one after the other, so that a test need not wait for a JVM to start: a request is a line, the class and the arguments apart
 * by tabs; an answer is a line "exitCode bytesOfStdout bytesOfStderr", and those bytes.
 */
public class Shell {
    public static void main(String[] args) throws Exception {
        if (args.length > 0) {
            System.exit(run(args));
        }
        PrintStream answers = System.out;
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String request = requests.readLine(); request != null; request = requests.readLine()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, "UTF-8"));
            System.setErr(new PrintStream(err, true, "UTF-8"));
            int code = run(request.split("\t", -1));
            System.out.flush();
            System.err.flush();
            byte[] stdout = out.toByteArray();
            byte[] stderr = err.toByteArray();
            answers.print(code + " " + stdout.length + " " + stderr.length + "\n");
            answers.write(stdout, 0, stdout.length);
            answers.write(stderr, 0, stderr.length);
            answers.flush();
        }
        // Threads that a program left behind do not keep it.
        System.exit(0);
    }

    private static Method runOf(Class<?> program) throws NoSuchMethodException {
        try {
            return program.getDeclaredMethod("run", String[].class);
        } catch (NoSuchMethodException absent) {
            return program.getDeclaredMethod("main", String[].class);
        }
    }

    private static int run(String[] words) {
        try {
            Method run = runOf(Class.forName(words[0]));
            run.setAccessible(true);
            Object code = run.invoke(null, (Object) Arrays.copyOfRange(words, 1, words.length));
            return code instanceof Integer ? (Integer) code : 0;
        } catch (InvocationTargetException failed) {
            failed.getCause().printStackTrace();
            return 1;
        } catch (ReflectiveOperationException | RuntimeException problem) {
            problem.printStackTrace();
            return 1;
        }
    }
}
