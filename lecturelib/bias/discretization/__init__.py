"""Steps of finite size: the flow that descent follows better than its own, and what that flow prefers."""
