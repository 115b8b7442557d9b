import java.lang.reflect.Field;
import java.util.List;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/** Apache's mqadmin, as often as wanted in one JVM: its commands keep the connections of their first run. */
public class Mqadmin {
    static int run(String[] args) throws Exception {
        for (Field field : MQAdminStartup.class.getDeclaredFields()) {
            if (field.getType() == List.class) {
                field.setAccessible(true);
                ((List<?>) field.get(null)).clear();
            }
        }
        MQAdminStartup.main(args);
        return 0;
    }
}
